# docker buildx bake -f image/docker-bake.hcl: all step images, for both architectures, with an SBOM each.
variable "BASE_IMAGE" { default = "python:3.13-slim" }
variable "CLIENT_IMAGE" { default = "moby/buildkit:v0.34.2" }
variable "REGISTRY" { default = "" }
variable "VERSION" { default = "dev" }
variable "REVISION" { default = "unknown" }

group "default" { targets = ["step", "base"] }

target "step" {
  name       = step
  matrix     = { step = ["validate", "deploy", "verify", "command", "run", "build"] }
  context    = "."
  dockerfile = "image/Dockerfile"
  target     = step
  tags       = ["${REGISTRY}sternway-${step}:${VERSION}"]
  platforms  = ["linux/amd64", "linux/arm64"]
  args       = { BASE_IMAGE = BASE_IMAGE, CLIENT_IMAGE = CLIENT_IMAGE, VERSION = VERSION, REVISION = REVISION }
  attest     = ["type=sbom", "type=provenance,mode=max"]
}

# What the images of other packages' steps are made FROM.
target "base" {
  context    = "."
  dockerfile = "image/Dockerfile"
  target     = "step"
  tags       = ["${REGISTRY}sternway-step:${VERSION}"]
  platforms  = ["linux/amd64", "linux/arm64"]
  args       = { BASE_IMAGE = BASE_IMAGE, VERSION = VERSION, REVISION = REVISION }
  attest     = ["type=sbom", "type=provenance,mode=max"]
}
