"""The console's pages, one module a subject; each handler takes (House, Visit) and is named in bot.console.access."""
