"""What is decided once for all document models: facts about records, read off the same attributes by the same words."""
