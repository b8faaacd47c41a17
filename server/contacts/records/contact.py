"""联系人: somebody whom the office calls about a site: for which firm, as what, under which number.

The number is why this is a kind of its own in an audience of its own (decision 0038): whoever acts on the
site for the office has it; everybody else who may know the site's parties is told 138****1234 by a list.
"""

from sync.record import day, kind, text

OFFICERS = "officers"  # the audience: who holds a post of the office on the site, and not the auditor

CONTACT = kind(
    "contact",
    zh="联系人",
    audiences=(OFFICERS,),
    waits_in=OFFICERS,
    signed="author",
    fields={
        "name": text(40, least=1, required=True, personal=True, zh="姓名"),
        # By its code in the register: a firm of the site, its owner's, or the authority's own department.
        "organisation": text(40, least=1, required=True, zh="所属单位"),
        "role": text(40, least=1, required=True, zh="岗位"),
        # In its normal form (rules.py), which the guard demands: a text that can be erased has no pattern.
        "telephone": text(40, least=1, required=True, personal=True, zh="电话"),
        "valid_from": day(zh="起始日期"),
        "valid_to": day(zh="截止日期"),
        "note": text(400, personal=True, zh="备注"),
    },
)
