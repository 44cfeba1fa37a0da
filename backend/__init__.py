"""The ground floor: people, access and wiring. It knows no room above it."""
