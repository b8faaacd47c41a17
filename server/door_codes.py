"""The refusals at the door: who is let in, with what, at which device. errors.py says what each part is."""

# code → status, remedy, Chinese, English
DOORS: dict[str, tuple[int, str, str, str]] = {
    "too-many-attempts": (
        *(429, "retry", "尝试次数过多，请稍后再试", "Too many wrong attempts; wait, then try again."),
    ),
    "password-once": (
        *(401, "repair", "请先设置自己的口令", "This password was given out: set one of your own first."),
    ),
    "second-factor-required": (
        *(401, "repair", "请输入动态验证码", "Give the code of your authenticator too."),
    ),
    "second-factor-wrong": (
        *(401, "repair", "动态验证码不正确或已用过", "The code is wrong or was used; wait for the next one."),
    ),
    "second-factor-needed": (
        *(403, "repair", "请先设置动态验证码并重新登录", "Set a second factor, and sign in with it."),
    ),
    "factor-present": (
        *(
            409,
            "ask",
            "已设置动态验证码，更换请联系管理员",
            "There is one; have another administrator take it away.",
        ),
    ),
    "openid-refused": (
        *(401, "repair", "统一认证未通过，请重新登录", "The provider's answer is not good; sign in again."),
    ),
    "openid-unknown": (
        403,
        "ask",
        "您在本系统没有账号，请联系管理员",
        "Nobody here goes by what the provider calls you; ask the office.",
    ),
    "openid-unavailable": (
        *(503, "retry", "统一认证服务暂不可用，请稍后重试", "The provider cannot be asked; try again later."),
    ),
    "password-weak": (
        *(
            422,
            "repair",
            "口令不符合要求，请按提示修改",
            "This is no good password; see why, and take another.",
        ),
    ),
    "username-taken": (409, "repair", "用户名已被使用", "This user name is taken; choose another."),
    "own-duty": (
        *(
            403,
            "ask",
            "不得为本人办理，请由另一位管理员办理",
            "Nobody does this for themselves; ask another.",
        ),
    ),
    "sign-in-again": (403, "repair", "请重新输入密码", "Give your password again."),
    "proof-required": (
        *(401, "retry", "请用设备密钥证明身份", "This device is enrolled: prove that it holds its key."),
    ),
    "proof-wrong": (401, "retry", "设备证明无效，请重新生成", "The device's proof is wrong; make a new one."),
    "proof-stale": (
        401,
        "retry",
        "设备时钟不准，请按服务器时间重试",
        "The device's clock is off; make a proof by the server's time.",
    ),
    "proof-replayed": (
        *(401, "retry", "设备证明已用过，请重新生成", "This proof has been used; make a new one."),
    ),
    "device-revoked": (403, "ask", "此设备已停用，请联系管理员", "This device was revoked; ask the office."),
    "device-leaving": (
        403,
        "ask",
        "此设备待清除，只能上交未提交内容",
        "This device is to be wiped: it may send what it still has, and no more.",
    ),
    "device-unenrolled": (
        *(403, "ask", "此设备尚未登记，请扫描登记码", "This device is not enrolled; scan a code first."),
    ),
    "device-of-another": (403, "ask", "此设备已登记给他人", "This device is enrolled for another person."),
    "device-taken": (
        409,
        "repair",
        "设备编号或密钥已被使用，请重新生成",
        "This device id or key is taken; make a new one.",
    ),
    "work-of-others": (
        409,
        "repair",
        "本机还有他人未提交的工作，请其先提交",
        "Others have unsent work on this device; they send it first.",
    ),
    "enrolment-void": (
        401,
        "repair",
        "登记码无效、已用或已过期，请重新获取",
        "The code is wrong, used or too old; get a new one.",
    ),
    "key-not-enrolled": (
        200,
        "repair",
        "请使用设备登记时的密钥",
        "Another key than the one that this device was enrolled with.",
    ),
}
