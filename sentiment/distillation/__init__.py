"""Students: small models that learn what a large one, their teacher, says of posts that nobody labelled.

teacher.py      the model that answers, as a person names it
soft_labels.py  the teacher's answers, asked once and kept on the disk
room.py         whether the posts fit into memory
distil.py       `sentiment distil`
"""
