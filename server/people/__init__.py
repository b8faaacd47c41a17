"""人员: staff and firms' people, their posts, their sign-in."""
