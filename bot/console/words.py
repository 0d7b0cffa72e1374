"""The Chinese names of states, reasons, channels and events, as staff read them."""

from __future__ import annotations

CHANNELS = {"web": "网页", "telegram": "Telegram", "wechat": "微信", "terminal": "终端"}
STATES = {"new": "待处理", "assigned": "处理中", "answered": "已答复", "published": "已入库", "ignored": "不处理"}
REASONS = {"none": "没答上", "none_of_these": "都不是", "unhelpful": "没帮助", "human": "转人工"}
APART = {"nonsense": "无意义", "abuse": "辱骂", "advert": "广告", "chat": "闲聊", "": ""}
DELIVERIES = {
    "waiting": "等待送达",
    "sending": "正在发送",
    "sent": "已送达",
    "uncertain": "不确定是否送达",
    "failed": "没有送达，随下次来访送达",
    "blocked": "对方已停用，随下次来访送达",
}
PROPOSALS = {
    "proposed": "等待审核",
    "approved": "已批准，待发布",
    "rejected": "已退回",
    "published": "已发布",
    "rolled_back": "已回滚",
}
PUBLICATIONS = {"publishing": "正在发布", "published": "已生效", "rolled_back": "已回滚", "failed": "未成功"}
OUTCOMES = {"answer": "直接答", "options": "给选项", "none": "没答上"}
KINDS = {"question": "加一句问法", "entry": "新条目", "edit": "修改条目"}
CHANGED = {"outcome": "结果变了", "entry": "换了条目", "answer": "回答改了"}
EVENTS = {
    "placed": "归入本组",
    "assigned": "指派",
    "answered": "答复",
    "corrected": "更正答复",
    "ignored": "不处理",
    "released": "放回待办",
    "merged": "合并",
    "split": "拆分",
    "proposed": "提出改动",
    "checked": "检查改动",
    "approved": "批准",
    "rejected": "退回",
    "published": "发布",
    "rolled_back": "回滚",
    "sent_again": "再次发送",
}
AUDITED = {
    "signed_in": "登录",
    "signed_out": "退出",
    "sign_in_failed": "登录失败",
    "refused": "被拒绝的操作",
    "saw_cluster": "查看问题组",
    "saw_ticket": "查看工单和对话",
    "saw_questions": "查看提问列表",
    "assigned": "指派",
    "answered": "答复",
    "corrected": "更正答复",
    "ignored": "不处理",
    "released": "放回待办",
    "merged": "合并",
    "split": "拆分",
    "sent_again": "再次发送",
    "proposed": "提出改动",
    "checked": "检查改动",
    "approved": "批准改动",
    "rejected": "退回改动",
    "published": "发布改动",
    "rolled_back": "回滚",
    "exported": "导出报表",
    "tried": "试答",
    "user_added": "新增用户",
    "role_changed": "改角色",
    "user_disabled": "停用用户",
    "user_enabled": "启用用户",
    "password_set": "改密码",
    "second_on": "开启两步验证",
    "second_off": "关闭两步验证",
    "purged": "到期清除",
    "digest": "发送周报",
}
DETAILS = {
    "role": "角色", "since": "从", "until": "到", "owner": "交给", "entry": "条目", "into": "到问题组", "tickets": "工单",
    "by": "第几次发布", "reason": "原因", "format": "格式", "days": "天数", "published": "发布", "kind": "种类", "text": "原话",
}  # fmt: skip
"""What stands in a line of the audit beside who, what and about."""
DONE = {
    "assigned": "已指派。",
    "freed": "已放回，谁都可以接。",
    "answered": "已答复，正在送达每一位提问人。",
    "corrected": "已更正，正在送达每一位提问人。",
    "ignored": "已归为不处理。",
    "released": "已放回待办。",
    "merged": "已合并。",
    "split": "已拆成新的一组，就是这一组。",
    "sent_again": "已重新发送。",
    "proposed": "已提出。下一步：检查它会改变哪些回答。",
    "checking": "检查已经开始。",
    "approved": "已批准，可以发布了。",
    "rejected": "已退回。",
    "published": "已发布，几秒后生效。",
    "rolled_back": "已回滚，几秒后生效。",
    "user_added": "已新增用户。",
    "role_changed": "已改角色，对方需要重新登录。",
    "user_disabled": "已停用，对方已被退出。",
    "user_enabled": "已启用。",
    "password_set": "已改密码，其他地方的登录都已退出。",
    "second_on": "两步验证已开启。",
    "second_off": "两步验证已关闭。",
    "signed_out": "已退出。",
}
