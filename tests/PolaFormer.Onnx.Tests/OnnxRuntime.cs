using System.Diagnostics;
using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Onnx.Tests;

/// <summary>ONNX Runtime in a process of Node.js, where tests/interop/onnxruntime/install.sh has put it.</summary>
internal static class OnnxRuntime
{
    private static readonly string Folder = Path.Combine(FindRoot(), "tests", "interop", "onnxruntime");

    /// <summary>Skips the test where there is no ONNX Runtime.</summary>
    public static void Require()
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(Folder, "node_modules", "onnxruntime-node")), "ONNX Runtime is not installed (tests/interop/onnxruntime/install.sh).");
        Assert.SkipUnless(HasNode(), "Node.js is not installed.");
    }

    /// <summary>The logits of images (B, H, W, 3), as ONNX Runtime computes them.</summary>
    public static float[] Run(string model, Tensor images)
    {
        string input = $"{model}.images", output = $"{model}.logits";
        File.WriteAllBytes(input, images.Permute(0, 3, 1, 2).AsBytes());
        using Process process = Start(Path.Combine(Folder, "run.js"), model, input, $"{images.Shape[0]}", $"{images.Shape[1]}", output);
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
        return MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(output)).ToArray();
    }

    private static bool HasNode()
    {
        try
        {
            using Process process = Start("--version");
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}
