using System.Diagnostics;

namespace PolaFormer.Tensors.Tests;

/// <summary>Runs the tests of kernels and operators again on lesser machines: in processes whose instruction sets are switched off.</summary>
[Collection(nameof(Memory.MemoryCounting))]
public class InstructionSetTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task KernelsAndOperatorsAreRightWithout(string switchedOff)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        foreach (string argument in (string[])["-noColor", "-namespace", "PolaFormer.Tensors.Tests.Kernels*", "-namespace", "PolaFormer.Tensors.Tests.Ops"])
            start.ArgumentList.Add(argument);
        start.Environment[switchedOff] = "0";
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
        Assert.DoesNotContain("Total: 0,", output, StringComparison.Ordinal);
    }
}
