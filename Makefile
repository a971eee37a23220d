# Every target only calls a script; the scripts can be called alone just as well.
.PHONY: help deps build demo test bench bench-smoke lint tidy

help:
	@echo "make demo         run the gateway with a chat page to open in a browser; needs nothing else"
	@echo "make test         install what is missing, build, run every test"
	@echo "make bench        measure it beside a Node server with the same duties, in about 15 minutes"
	@echo "make bench-smoke  the same in a minute; fails when the gateway is not far enough ahead"
	@echo "make deps         install what is missing"
	@echo "make build        build/release/chat-gateway and the test programs"
	@echo "make lint         format, layers, headers"
	@echo "make tidy         clang-tidy on what git says is changed"

deps:
	scripts/install-deps

build: deps
	scripts/build release

demo:
	scripts/demo

test:
	scripts/test

bench:
	scripts/bench

bench-smoke:
	scripts/bench --smoke

lint:
	scripts/lint

tidy:
	scripts/check_tidy
