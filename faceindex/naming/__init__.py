"""What people say of faces: decisions, enrolment, and suggestions of what to look at."""
