using PolaFormer.Conformance;
using PolaFormer.Cuda.Tests.Fibres;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That operators, modules and networks on the kernels give what was recorded from the authors' code, within the cases' own tolerances.</summary>
public class ConformanceTests
{
    private const string Absent = "absent";

    private static readonly string s_root = Path.GetDirectoryName(Path.GetDirectoryName(HostKernels.ProjectFolder))!;

    public static TheoryData<string> Cases => Of("A_modules", "F_math", "G_baselines");

    public static TheoryData<string> MixedCases => Of("A_modules", "G_baselines");

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

    [Theory]
    [MemberData(nameof(MixedCases))]
    public void A_recorded_case_passes_in_mixed_precision(string folder)
    {
        CaseResult result = ResultOf(folder, RoundingOf(folder));
        Assert.True(result.Status == CaseStatus.Passed, result.Reason);
    }

    [Theory(Explicit = true)]
    [MemberData(nameof(Models))]
    public void A_recorded_network_passes_in_mixed_precision(string folder)
    {
        CaseResult result = ResultOf(folder, RoundingOf(folder));
        Assert.True(result.Status == CaseStatus.Passed, result.Reason);
    }

    // bfloat16 has 8 bits. Results are divided by sums of features that are cut at zero or exponential, some near zero.
    private static double RoundingOf(string folder) => Path.GetFileName(folder) switch
    {
        "hedgehog_exp" or "relu_linear_attn" => 0.08,
        "model_flatten_cswin" => 0.2,
        "pvt_drop_path" => 0.04,
        _ => 0.03,
    };

    private static CaseResult ResultOf(string folder, double rounding = 0)
    {
        Assert.SkipWhen(folder == Absent, "The shared reference cases are not on this machine.");
        CudaDevice device = FibreDevice.Create(order: 0);
        device.IsMixedPrecision = rounding > 0;
        using IDisposable use = device.Use();
        CaseResult result = Assert.Single(ConformanceRun.All(Path.Combine(s_root, folder), rounding: rounding));
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
