"""The validate step: would the server take it, and may we do it and undo it?"""
