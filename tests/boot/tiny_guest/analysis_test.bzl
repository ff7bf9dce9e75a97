"""Tests of qemu_test() that must not get past analysis."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:qemu_test.bzl", "qemu_test")

def _refused_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_refused_test = analysistest.make(
    _refused_test_impl,
    expect_failure = True,
    attrs = {"message": attr.string(mandatory = True)},
)

def refused_qemu_test(name, message, **kwargs):
    """A test that the qemu_test() with these arguments is refused with this message."""
    qemu_test(name = name + "_subject", tags = ["manual"], **kwargs)
    _refused_test(name = name, size = "small", target_under_test = name + "_subject", message = message)
