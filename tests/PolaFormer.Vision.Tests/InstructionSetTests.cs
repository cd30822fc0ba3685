using System.Diagnostics;

namespace PolaFormer.Vision.Tests;

/// <summary>Runs the tests of the vector code again on lesser machines: in processes whose instruction sets are switched off.</summary>
public class InstructionSetTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task PixelsAreExactWithout(string switchedOff)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        foreach (string argument in (string[])["-class", typeof(ResamplingTests).FullName!, "-class", typeof(EvalTransformTests).FullName!, "-class", typeof(NormalizationTests).FullName!,
            "-class", typeof(PointOperationsTests).FullName!, "-class", typeof(EnhancementTests).FullName!, "-class", typeof(AffineTransformTests).FullName!, "-class", typeof(RandAugmentTests).FullName!])
            start.ArgumentList.Add(argument);
        start.Environment[switchedOff] = "0";
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
    }
}
