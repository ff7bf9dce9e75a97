"""A test that a target is refused, with the reason."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

def _refused_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.reason)
    return analysistest.end(env)

refused_test = analysistest.make(
    _refused_test_impl,
    attrs = {"reason": attr.string(mandatory = True)},
    expect_failure = True,
)
