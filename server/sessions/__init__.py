"""登录: who signs in, with what, at which device, until when."""
