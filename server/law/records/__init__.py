"""What the office keeps of the law, a file each."""
