using PolaFormer.Conformance;
using PolaFormer.Cuda.Tests.Fibres;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That operators, modules and networks on the kernels give what was recorded from the authors' code, within the cases' own tolerances.</summary>
public class ConformanceTests
{
    private const string Absent = "absent";

    private static readonly string s_root = Path.GetDirectoryName(Path.GetDirectoryName(HostKernels.ProjectFolder))!;

    public static TheoryData<string> Cases => Of("A_modules", "F_math", "G_baselines");

    public static TheoryData<string> Models => Of("B_models");

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_recorded_case_passes(string folder)
    {
        CaseResult result = ResultOf(folder);
        Assert.True(result.Status == CaseStatus.Passed, result.Reason);
    }

    // Minutes, so on demand.
    [Theory(Explicit = true)]
    [MemberData(nameof(Models))]
    public void A_recorded_network_passes(string folder)
    {
        CaseResult result = ResultOf(folder);
        Assert.True(result.Status == CaseStatus.Passed, result.Reason);
    }

    private static CaseResult ResultOf(string folder)
    {
        Assert.SkipWhen(folder == Absent, "The shared reference cases are not on this machine.");
        using IDisposable use = FibreDevice.Create(order: 0).Use();
        CaseResult result = Assert.Single(ConformanceRun.All(Path.Combine(s_root, folder)));
        Assert.SkipWhen(result.Status == CaseStatus.Skipped, result.Reason ?? "");
        return result;
    }

    private static TheoryData<string> Of(params string[] families)
    {
        string shared = Path.Combine(s_root, "..", "shared", "fixtures");
        return Directory.Exists(shared)
            ? [.. families.SelectMany(family => Directory.EnumerateDirectories(Path.Combine(shared, family))).Order(StringComparer.Ordinal).Select(folder => Path.GetRelativePath(s_root, folder))]
            : [Absent];
    }
}
