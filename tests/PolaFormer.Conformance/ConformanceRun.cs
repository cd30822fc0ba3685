using PolaFormer.Tensors.Memory;

namespace PolaFormer.Conformance;

/// <summary>Runs reference cases by family.</summary>
internal static class ConformanceRun
{
    /// <summary>Runs every case at or below a folder whose name contains the filter, in order.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="filter">Part of the names; null for all.</param>
    /// <param name="rounding">What products of rounded numbers may add to errors (<see cref="Comparison"/>).</param>
    public static IEnumerable<CaseResult> All(string folder, string? filter = null, double rounding = 0)
    {
        foreach (string path in FixtureCase.Find(folder))
        {
            string name = $"{Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileName(path)}";
            if (filter is null || name.Contains(filter, StringComparison.OrdinalIgnoreCase))
                yield return One(path, name, rounding);
        }
    }

    private static CaseResult One(string folder, string name, double rounding)
    {
        try
        {
            using var fixture = FixtureCase.Open(folder);
            var comparison = new Comparison(fixture, rounding);
            using (MemoryScope.Enter())
                RunnerOf(fixture)(fixture, comparison);
            return comparison.Finish(name);
        }
        catch (CapabilityMissingException missing)
        {
            return new CaseResult(name, CaseStatus.Skipped, Reason: missing.Message);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // A case that breaks the program is a case that failed; the others still run.
            return new CaseResult(name, CaseStatus.Failed, Reason: $"{error.GetType().Name}: {error.Message}");
        }
    }

    private static Action<FixtureCase, Comparison> RunnerOf(FixtureCase fixture) => fixture.Family switch
    {
        "A_modules" => ModuleCases.Run,
        "B_models" => ModelCases.Run,
        "C_full" => FullModelCases.Run,
        "D_recipe" => RecipeCases.Run,
        "E_images" => ImageCases.Run,
        "F_math" => MathCases.Run,
        "G_baselines" => BaselineCases.Run,
        "H_detection" => DetectionCases.Run,
        "I_segmentation" => SegmentationCases.Run,
        "L_long_range" => LongRangeCases.Run,
        _ => throw new CapabilityMissingException($"family '{fixture.Family}' is unknown"),
    };
}
