"""Early warnings: rules as data, evaluated over what is known of one patient. Pure: no clock, no database."""
