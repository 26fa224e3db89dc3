"""Vocabulary, tokenizer, encoder and classifier; training, scoring and the reports about them."""
