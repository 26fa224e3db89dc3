"""The operations that an encoder and an export may have: what a BERT and a tokenizer compute, and nothing else.

A SavedModel is a program: TensorFlow has operations that read and write any file, call Python, and send over a network.
So these lists say what is allowed, never what is forbidden: an operation that a later TensorFlow adds is refused too.
Left out on purpose although they look harmless: `PrintV2` (it can print into a file), `RemoteCall`, datasets, queues,
summaries, every reader and writer, and `Empty` and `ParallelConcat`, whose answers may be what lay in memory before.
An encoder takes token ids, so it has neither a tokenizer nor ragged tensors: many of their operations believe lengths
and offsets that they are given, answer with the memory behind a tensor, or end the process. All names are those of
`tf.raw_ops`.
"""

from __future__ import annotations

ARRAYS = """
BatchToSpaceND Bitcast BroadcastArgs BroadcastGradientArgs BroadcastTo Bucketize Cast CheckNumerics Concat ConcatOffset
ConcatV2 Const Diag DiagPart DynamicPartition DynamicStitch EnsureShape ExpandDims Fill Gather GatherNd GatherV2
GuaranteeConst Identity IdentityN InvertPermutation LinSpace ListDiff LowerBound MatrixBandPart MatrixDiagPartV3
MatrixDiagV3 MatrixSetDiagV3 MirrorPad OneHot OnesLike Pack Pad PadV2 ParallelDynamicStitch Placeholder
PlaceholderWithDefault PreventGradient Range Rank Reshape ReverseSequence ReverseV2 Roll ScatterNd Select SelectV2 Shape
ShapeN Size Slice Snapshot SpaceToBatchND Split SplitV Squeeze StopGradient StridedSlice StridedSliceGrad
TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate Tile
Transpose Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2 Unpack UnravelIndex UpperBound Where ZerosLike
"""
NUMBERS = """
Abs AccumulateNV2 Add AddN AddV2 All Any ApproximateEqual ArgMax ArgMin BitwiseAnd BitwiseOr BitwiseXor Ceil
ClipByValue
Cos Cumprod Cumsum CumulativeLogsumexp DenseBincount Digamma Div DivNoNan Elu EluGrad Equal Erf Erfc Erfinv
EuclideanNorm
Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual InTopKV2 Inv InvGrad Invert IsFinite IsInf IsNan L2Loss LeakyRelu
LeakyReluGrad LeftShift Less LessEqual Lgamma Log Log1p LogicalAnd LogicalNot LogicalOr Max Maximum Mean Min Minimum Mod
Mul MulNoNan Ndtri Neg NotEqual Pow Prod RealDiv Reciprocal ReciprocalGrad Relu Relu6 Relu6Grad ReluGrad RightShift Rint
Round Rsqrt RsqrtGrad SegmentMaxV2 SegmentMean SegmentMinV2 SegmentSum SegmentSumV2 Selu SeluGrad Sigmoid SigmoidGrad
Sign Sin Softplus SoftplusGrad Softsign SoftsignGrad Sqrt SqrtGrad Square SquaredDifference Sub Sum Tan Tanh TanhGrad
TopK TopKV2 TruncateDiv TruncateMod UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Xdivy
Xlog1py Xlogy
"""
# No pooling and no losses: AvgPoolGrad reads beyond a gradient that is smaller than its shape says, and TensorFlow
# itself makes the gradients of a training.
LAYERS = """
BatchMatMul BatchMatMulV2 BatchMatMulV3 BiasAdd BiasAddGrad Conv2D DepthwiseConv2dNative Einsum FusedBatchNorm
FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3 FusedBatchNormV2 FusedBatchNormV3 LogSoftmax MatMul Softmax
"""
QUANTIZED = """
Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel QuantizeAndDequantizeV2
QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 QuantizeV2 QuantizedMatMulWithBiasAndDequantize Requantize
"""
RANDOM = """
RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt RngReadAndSkip RngSkip StatefulStandardNormalV2
StatefulTruncatedNormal StatefulUniform StatefulUniformFullInt StatefulUniformInt StatelessRandomGetAlg
StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg StatelessRandomNormal StatelessRandomNormalV2
StatelessRandomUniform StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2 StatelessRandomUniformInt
StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessTruncatedNormal StatelessTruncatedNormalV2 TruncatedNormal
"""
FLOW = """
Assert BatchFunction Case ControlTrigger EmptyTensorList Enter Exit FakeParam If LoopCond Merge NextIteration NoOp
PartitionedCall StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile Switch TensorArrayCloseV3
TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayGradV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3 TensorListConcatLists TensorListConcatV2 TensorListElementShape
TensorListFromTensor TensorListGather TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack
TensorListReserve TensorListResize TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack While
"""
STATE = """
Assign AssignAddVariableOp AssignSubVariableOp AssignVariableOp DestroyResourceOp DisableCopyOnRead HashTable
HashTableV2 InitializeTable InitializeTableV2 IsVariableInitialized LookupTableExportV2 LookupTableFind
LookupTableFindV2
LookupTableImportV2 LookupTableInsertV2 LookupTableRemoveV2 LookupTableSize LookupTableSizeV2 MutableDenseHashTableV2
MutableHashTableOfTensorsV2 MutableHashTableV2 ReadVariableOp ResourceGather ResourceGatherNd ResourceScatterAdd
ResourceScatterUpdate VarHandleOp VarIsInitializedOp VariableShape VariableV2
"""
RAGGED = """
RaggedGather RaggedRange RaggedTensorToTensor
"""
STRINGS = """
AsString DecodeBase64 DecodeRaw EncodeBase64 Fingerprint ReduceJoin RegexFullMatch RegexReplace ShardedFilename
StaticRegexFullMatch StaticRegexReplace StringFormat StringJoin StringLength StringLower StringNGrams StringSplit
StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong StringToNumber StringUpper
Substr UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode UnicodeScript UnicodeTranscode UnsortedSegmentJoin
"""
# What TF-Text 2.12.1 registers in `tensorflow_text/BUILD:ops_lib`, which the model server links. It lacks the trimmers
# (RoundRobinTrim, RoundRobinGenerateMasks), which that target does not hold, and what is newer (Utf8Binarize). Most of
# them believe what they are given: the table in a model of Sentencepiece, the splits of NgramsStringJoin.
TF_TEXT = frozenset(
    [
        "CaseFoldUTF8",
        "ConstrainedSequence",
        "FastBertNormalize",
        "FastWordpieceTokenizeWithOffsets",
        "FindSourceOffsets",
        "MaxSpanningTree",
        "NormalizeUTF8",
        "NormalizeUTF8WithOffsetsMap",
        "PhraseTokenize",
        "RegexSplitWithOffsets",
        "RougeL",
        "SentenceFragments",
        "SentenceFragmentsV2",
        "SentencepieceDetokenizeOp",
        "SentencepieceIdToStringOp",
        "SentencepieceOp",
        "SentencepieceStringToIdOp",
        "SentencepieceTokenizeOp",
        "SentencepieceTokenizeWithOffsetsOp",
        "SentencepieceVocabSizeOp",
        "SplitMergeTokenizeWithOffsets",
        "TFText>BoiseTagsToOffsets",
        "TFText>ByteSplitByOffsets",
        "TFText>ByteSplitWithOffsets",
        "TFText>FastSentencepieceDetokenize",
        "TFText>FastSentencepieceTokenize",
        "TFText>FastWordpieceDetokenize",
        "TFText>NgramsStringJoin",
        "TFText>OffsetsToBoiseTags",
        "TFText>PhraseDetokenize",
        "TFText>WhitespaceTokenizeWithOffsetsV2",
        "TokenizerFromLogits",
        "UnicodeScriptTokenizeWithOffsets",
        "WhitespaceTokenizeWithOffsets",
        "WordpieceTokenizeWithOffsets",
    ]
)
# Of these, what the tokenizer of an export is made of. Two believe all that their model says of itself: it is this
# input, a tensor, which `graph_models` follows to one that is built here.
MODEL_READERS = {"FastBertNormalize": 1, "FastWordpieceTokenizeWithOffsets": 1}
TOKENIZER = frozenset({"NormalizeUTF8"}) | MODEL_READERS.keys()
# TensorFlow itself knows their names, but what computes them is in a library of its Python package
# (python/_pywrap_tensorflow_internal.so), which the model server does not have.
OF_PYTHON = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})
# An export that multiplies 8-bit numbers has it. Only oneDNN computes it, which TensorFlow has on x86 alone.
INT8 = "QuantizedMatMulWithBiasAndDequantize"
# Only the -gpu image links TensorRT.
TENSORRT = frozenset({"CreateTRTResourceHandle", "InitializeTRTResource", "SerializeTRTResource", "TRTEngineOp"})

# They read the file that this input names; it must be an asset of the SavedModel.
ASSET_READERS = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1, "InitializeTRTResource": 1}
# They read and write the variables of the SavedModel itself.
# Nothing may run them but its saver, to which TensorFlow gives the name.
CHECKPOINT = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2"})


def _named(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


# TensorRT runs what an engine says, so only an export has one, which was made here. A product of 8-bit numbers reads a
# bound that is not there.
OF_AN_EXPORT = _named(QUANTIZED, RAGGED) | TOKENIZER | TENSORRT - {"SerializeTRTResource"}
OF_AN_ENCODER = (
    _named(ARRAYS, NUMBERS, LAYERS, RANDOM, FLOW, STATE, STRINGS) | ASSET_READERS.keys() - TENSORRT | CHECKPOINT
)
ALLOWED = OF_AN_ENCODER | OF_AN_EXPORT
