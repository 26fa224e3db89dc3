"""Why rows and files are not taken in, as people read it: what the catalogue of translations has to know.

Rows are counted by the beginning of their reason (`sentiment.data.quarantine.counted_as`); a file has its whole reason.
The reasons themselves stand where they are given, and are recorded in English.
"""

from __future__ import annotations

from sentiment.language import marked

OF_ROWS = (
    marked("empty text"),
    marked("unknown label"),
    marked("forgotten"),
    marked("row too long"),
    marked("line too long"),
    marked("JSON value too long"),
    *(marked("text too long"), marked("title too long"), marked("source too long")),
    marked("more than {number} combining characters in a row in {name}"),
    marked("control character in {name}"),
    marked("broken character in {name}"),
    marked("a quote opens a field and is never closed"),
    marked("a quote closes within a field"),
    marked("the line may belong to a quoted field that is never closed"),
    marked("a backslash before a line end"),
    marked("the row need not be {name}, as the file is"),
    marked("the labels {label} are the numbers of another label table"),
    marked("more rows than a file of this size may hold"),
    marked("the file has more than {number} columns"),
    marked("the file is empty"),
    marked("the file is not text"),
    marked("the file has no header"),
    marked("the file has no header with the columns text and label"),
    marked("the file has no columns text and label"),
    marked("the file is in no encoding that is read"),
    marked("the encoding is not certain, {quoted}"),
    marked("the file's lines end with CR alone, as on an old Macintosh"),
    marked("more than one field may be the label"),
    marked("the archive is within an archive"),
)
OF_FILES = (
    marked("it is still being written"),
    marked("it, or a folder on the way to it, was replaced since it was found"),
    marked("it was replaced since it was found"),
    marked("it was replaced or deleted meanwhile"),
    marked("it links to a file of another source: deliver the file itself"),
    marked("it is the same file as {name}"),
    marked("a link that leads to itself"),
    marked("it links to a file outside of the folder"),
    marked("it is not a regular file"),
    marked("a link to a folder is not followed"),
    marked("parts of it were never written (a sparse file): deliver a copy made with `cp --sparse=never`"),
    marked("its content is that of {name}"),
    marked(
        "its content is that of delivery {delivery}, which was retracted: correct the file, or give "
        "`sentiment retract {delivery} --undo --reason …`"
    ),
    marked("it takes far longer to read than a file of its size should"),
    marked("a copy of it takes {size}, and the disk has {largest} for one: make room, or deliver it in parts"),
    marked("reading it needs more memory than there is"),
    marked("its values are nested too deeply"),
    marked("it cannot be unpacked: its data is damaged"),
    marked("the file is not a complete ZIP archive"),
    marked("the archive holds no file"),
    marked("the archive holds more than {number} files"),
    marked("the archive unpacks to more than {number} GB"),
    marked("the archive unpacks to more than {number} times its size"),
    marked("it is encrypted: deliver it without a password"),
    marked("an archive within an archive is not read: unpack it"),
    marked("an old Excel workbook is not read: save it as .xlsx"),
    marked("its folder's name has white space at an end, or a line break or tab in it: rename the folder"),
    marked("its folder's name has characters that nobody sees, or accents apart from their letters: rename the folder"),
)
