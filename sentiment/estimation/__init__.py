"""How right a model is on posts without labels: from its confidence, corrected by how right it was elsewhere."""
