"""The engine against its peers: works, goals, agreement of answers, one table, a JSON history."""
