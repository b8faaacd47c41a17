"""联系人: whom to call about a site, and who may have the number."""
