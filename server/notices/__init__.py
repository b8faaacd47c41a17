"""文书: formal papers that the office issues: their numbers, their service, the answers to them."""
