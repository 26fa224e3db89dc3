"""The network: vocabulary, tokenizer, encoder, classifier, scoring, and the model folder."""
