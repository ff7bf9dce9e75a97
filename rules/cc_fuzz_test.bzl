"""cc_fuzz_test: a fuzzer (LLVMFuzzerTestOneInput) that is also a test.

As a test it runs a fixed number of inputs from a fixed seed, and those of its corpus. To look for new ones:

    ./bazelw run --config=fuzz //kernel/fs:cpio_fuzz -- -max_total_time=600 "$PWD/findings"
"""

def cc_fuzz_test(name, srcs, deps, corpus = [], runs = 20000, max_len = 4096, tags = [], **kwargs):
    """A fuzzer.

    Args:
      name: of the test.
      srcs: define LLVMFuzzerTestOneInput.
      deps: of srcs.
      corpus: files to begin with; all of them are run.
      runs: inputs that the test tries.
      max_len: longest input, in bytes.
      tags: as of any test; "fuzz" is added.
      **kwargs: as of cc_test.
    """
    native.cc_test(
        name = name,
        size = kwargs.pop("size", "small"),
        srcs = srcs,
        args = [
            "-runs=%d" % runs,
            "-seed=1",
            "-max_len=%d" % max_len,
            "-rss_limit_mb=2048",
            "-timeout=20",
            "-print_final_stats=1",
        ] + ["$(rootpath %s)" % file for file in corpus],
        data = corpus,
        features = ["fuzzer_main"],
        tags = tags + ["fuzz"],
        target_compatible_with = ["@platforms//os:linux"],
        deps = deps,
        **kwargs
    )
