"""The commands as users see them: names, options, help. What one does is in `actions`, loaded when it runs."""
