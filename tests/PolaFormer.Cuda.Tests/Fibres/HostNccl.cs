using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>NCCL's functions on the host, between threads of this process; a library that says it is NCCL.</summary>
internal static partial class HostNccl
{
    private static readonly Lazy<string?> s_problem = new(Build);

    /// <summary>Lets this process find it. The test is skipped where there is no compiler.</summary>
    public static void Load()
    {
        HostKernels.RequireCompiler();
        Assert.True(s_problem.Value is null, s_problem.Value);
    }

    /// <summary>Processes that joined others and have not left them.</summary>
    [LibraryImport("libnccl.so.2", EntryPoint = "host_nccl_open_communicators")]
    public static partial int OpenCommunicators();

    // A library that is asked for by the name that a loaded one says it has is that one.
    private static string? Build()
    {
        string source = Path.Combine(AppContext.BaseDirectory, "nccl.cpp"), target = Path.Combine(AppContext.BaseDirectory, $"nccl-{Path.GetRandomFileName()}.so");
        if (HostKernels.Compile(source, target, "-Wl,-soname,libnccl.so.2") is { } problem)
            return problem;
        NativeLibrary.Load(target);
        File.Delete(target);
        return null;
    }
}
