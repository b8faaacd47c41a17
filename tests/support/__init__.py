"""What tests and benchmarks stand on: real databases and a real server, ended with their last user."""
