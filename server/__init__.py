"""The office: what people do, in their words."""
