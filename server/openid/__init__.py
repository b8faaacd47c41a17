"""统一认证登录: sign-in by the authority's OpenID provider; accounts are matched and never made."""
