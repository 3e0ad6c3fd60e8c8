"""The REST API: /api/organizations/… (docs/contracts/organizations.openapi.yaml)."""
