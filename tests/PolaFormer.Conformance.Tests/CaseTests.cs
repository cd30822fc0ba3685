namespace PolaFormer.Conformance.Tests;

/// <summary>Every reference case passes: the few that come with the repository, and all that lie in the shared data.</summary>
public class CaseTests
{
    private const string Absent = "absent";

    // The large published models take too long here; the conformance command runs them.
    private static readonly string[] s_families = ["A_modules", "B_models", "D_recipe/cutmix", "D_recipe/mixup", "D_recipe/rand", "D_recipe/train_transform", "E_images", "F_math", "C_full/pola_b0", "C_full/pola_pvt_tiny", "C_full/pola_swin_tiny", "H_detection/a", "H_detection/co", "H_detection/d", "H_detection/fp", "H_detection/h", "H_detection/l", "H_detection/mask", "H_detection/n", "H_detection/pi", "H_detection/po", "H_detection/r", "I_segmentation"];

    /// <summary>Cases beside the tests.</summary>
    public static TheoryData<string> LocalCases => [.. CaseFolders.Names(CaseFolders.Local)];

    /// <summary>Cases of the shared data, or one stand-in where there are none.</summary>
    public static TheoryData<string> SharedCases => Directory.Exists(CaseFolders.Shared)
        ? [.. CaseFolders.Names(CaseFolders.Shared).Where(name => s_families.Any(family => name.StartsWith(family, StringComparison.Ordinal)))]
        : [Absent];

    [Theory]
    [MemberData(nameof(LocalCases))]
    public void AgreesWithTheAuthorsCode(string name) => AssertPasses(CaseFolders.Local, name);

    [Theory]
    [MemberData(nameof(SharedCases))]
    public void AgreesWithTheAuthorsCodeOnAllCases(string name)
    {
        if (name == Absent)
            Assert.Skip("The shared reference cases are not on this machine.");
        AssertPasses(CaseFolders.Shared, name);
    }

    private static void AssertPasses(string folder, string name)
    {
        CaseResult result = ConformanceRun.All(Path.Combine(folder, name)).Single();
        Assert.True(result.Status == CaseStatus.Passed, $"{result.Case}: {result.Reason}");
    }
}
