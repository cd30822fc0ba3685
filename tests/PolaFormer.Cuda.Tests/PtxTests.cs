using PolaFormer.Cuda.Tests.Fibres;

namespace PolaFormer.Cuda.Tests;

public class PtxTests
{
    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_90a")]
    public void Every_source_has_ptx_made_of_the_present_sources(string target)
    {
        string[] expected = [.. HostKernels.Sources.Where(file => file.EndsWith(".cu", StringComparison.Ordinal)).Select(file => Path.GetFileNameWithoutExtension(file))];

        Assert.Equal(expected, KernelModules.Names.Order(StringComparer.Ordinal));
        foreach (string module in expected)
        {
            string text = KernelModules.Text(module, target);
            string header = $"// sources: {HostKernels.Hash(Path.Combine(HostKernels.ProjectFolder, "Kernels", module + ".cu"))}\n";
            Assert.True(text.StartsWith(header, StringComparison.Ordinal), $"{module} was made of other sources: run eng/build-ptx.sh");
            Assert.Contains($"\n.target {target}\n", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_files_are_below_three_megabytes() =>
        Assert.InRange(new DirectoryInfo(Path.Combine(HostKernels.ProjectFolder, "Ptx")).EnumerateFiles().Sum(file => file.Length), 1, 3_000_000);
}
