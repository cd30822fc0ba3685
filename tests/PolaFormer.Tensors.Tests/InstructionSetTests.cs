using System.Diagnostics;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Tests;

/// <summary>Runs the tests of kernels and operators again on lesser machines: in processes whose instruction sets are switched off.</summary>
[Collection(nameof(Memory.MemoryCounting))]
public class InstructionSetTests
{
    /// <summary>Marks tests on long inputs. They are about blocks, parts and threads, which the kernels of four lanes show with hardware vectors too; software vectors take minutes for them.</summary>
    public const string Size = "Size", Long = "long";

    private const string NoAvx512 = "DOTNET_EnableAVX512", NoAvx2 = "DOTNET_EnableAVX2", NoIntrinsics = "DOTNET_EnableHWIntrinsic";

    /// <summary>The switches that change what this machine computes with.</summary>
    public static TheoryData<string> Switches =>
        [.. VectorWidth.Is512 ? [NoAvx512] : Array.Empty<string>(), .. VectorWidth.Is256 ? [NoAvx2] : Array.Empty<string>(), NoIntrinsics];

    [Theory]
    [MemberData(nameof(Switches))]
    public async Task KernelsAndOperatorsAreRightWithout(string switchedOff)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        string[] shorter = switchedOff == NoIntrinsics ? ["-trait-", $"{Size}={Long}"] : [];
        foreach (string argument in (string[])["-noColor", "-namespace", "PolaFormer.Tensors.Tests.Kernels*", "-namespace", "PolaFormer.Tensors.Tests.Ops", .. shorter])
            start.ArgumentList.Add(argument);
        start.Environment[switchedOff] = "0";
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
        Assert.DoesNotContain("Total: 0,", output, StringComparison.Ordinal);
    }
}
