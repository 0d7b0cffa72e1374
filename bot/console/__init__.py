"""The review console for staff: sign-in, queue, answers, knowledge, reports, users, audit. `bot.console.site` is the way in."""
