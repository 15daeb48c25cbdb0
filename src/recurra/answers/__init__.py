"""What models tell, from the outputs of their networks: the same fitted here, or read again."""
