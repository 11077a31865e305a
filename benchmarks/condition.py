"""How long learning from all shipped observations takes, with the full model, and what it needs of memory."""

from benchmarks.measure import Options, Row, at_least, at_most, medians, peak_megabytes, seconds

LIMIT_SECONDS, LIMIT_MEGABYTES, LEAST_ESS = 5.0, 1000.0, 1000.0


def rows(options: Options) -> list[Row]:
    """Condition both shipped prior sets, and fall back to the sampler for all parts."""
    import clustercast as cc

    size = options.size(1 << 17, 1 << 10)
    observations = cc.read_observations()
    what = f"{len(observations)} observations, {size:,} draws"
    result = []
    for name in ("situational_awareness",) if options.smoke else ("situational_awareness", "evidence_2026"):
        priors = cc.read_priors(name)

        def learn(method="auto", priors=priors):
            return cc.condition(priors, observations, size=size, seed=1, method=method)

        first = seconds(learn)
        taken = medians({"auto": learn, "tempered": lambda: learn("tempered")}, repeats=1 if options.smoke else 3)
        megabytes = peak_megabytes(learn)
        tree = learn()
        reference = f"{tree.attrs['method']}, ess {tree.attrs['ess']:.0f}, r-hat {tree.attrs['r_hat']:.3f}"
        target, met = at_most(LIMIT_SECONDS, first)
        result.append(Row(f"{name}: {what}, first call, imports included", first, "s", reference, None, target, met))
        target, met = at_most(LIMIT_SECONDS, taken["auto"])
        result.append(Row(f"{name}: {what}", taken["auto"], "s", reference, None, target, met))
        target, met = at_most(LIMIT_SECONDS, taken["tempered"])
        result.append(Row(f"{name}: {what}, all by sampler", taken["tempered"], "s", "", None, target, met))
        target, met = at_least(LEAST_ESS, tree.attrs["ess"])
        result.append(Row(f"{name}: {what}, effective size", tree.attrs["ess"], "draws", "", None, target, met))
        if megabytes is not None:
            target, met = at_most(LIMIT_MEGABYTES, megabytes)
            result.append(Row(f"{name}: {what}, peak", megabytes, "MB", "", None, target, met))
    return result
