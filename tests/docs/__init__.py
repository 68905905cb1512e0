"""What the pages tell people to type and to write is typed and written here, and what they show is what comes."""
