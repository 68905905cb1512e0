"""A web service that deploys: it starts runs, tells how far they are, cancels them, and rolls them back."""
