"""What each error means, what usually causes it, and what to type: `sternway explain`, and the pages of docs/reference/errors."""
