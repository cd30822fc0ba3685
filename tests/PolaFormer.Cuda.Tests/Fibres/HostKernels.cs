using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>The kernels' sources compiled for this processor, once for each state of them.</summary>
internal static class HostKernels
{
    private static readonly Lazy<string?> s_problem = new(Build);
    private static readonly ConcurrentDictionary<string, nint> s_libraries = new();

    /// <summary>Where Kernels/ and Ptx/ are.</summary>
    public static string ProjectFolder { get; } = FindProject();

    /// <summary>Files that kernels are made of, in the order in which eng/build-ptx.sh hashes them.</summary>
    public static IEnumerable<string> Sources => Directory.EnumerateFiles(Path.Combine(ProjectFolder, "Kernels"))
        .Where(file => Path.GetExtension(file) is ".cu" or ".h").OrderBy(file => Path.GetFileName(file), StringComparer.Ordinal);

    /// <summary>SHA-256 of all sources, and of others.</summary>
    public static string Hash(params string[] extra)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Sources.Concat(extra))
            hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "host-kernels", Hash(Path.Combine(AppContext.BaseDirectory, "faulty.cu"))[..16]);

    /// <summary>A compiled source file; the test is skipped where there is no compiler.</summary>
    public static nint Library(string module)
    {
        Assert.SkipWhen(FindCompiler() is null, "clang-19 and lld-19 are not installed (eng/install-optional.sh installs them)");
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64 && OperatingSystem.IsLinux(), "fibres know Linux on x86-64 and ARM64");
        Assert.True(s_problem.Value is null, s_problem.Value);
        return s_libraries.GetOrAdd(module, static name => NativeLibrary.Load(Path.Combine(Folder, name + ".so")));
    }

    private static string? FindCompiler() => Find("ld.lld-19") is null ? null : Find("clang++-19");

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Compiles every module and says what went wrong, or null.</summary>
    private static string? Build()
    {
        if (Directory.Exists(Folder))
            return null;
        string work = Directory.CreateDirectory(Folder + Path.GetRandomFileName()).FullName;
        string? problem = null;
        Parallel.ForEach(Sources.Where(file => file.EndsWith(".cu", StringComparison.Ordinal)).Append(Path.Combine(AppContext.BaseDirectory, "faulty.cu")), file =>
        {
            if (Compile(file, Path.Combine(work, Path.GetFileNameWithoutExtension(file) + ".so")) is { } said)
                problem = said;
        });
        if (problem is null)
            Directory.Move(work, Folder);
        return problem;
    }

    private static string? Compile(string source, string target)
    {
        string[] arguments =
        [
            "-x", "c++", "-std=c++20", "-O1", "-fPIC", "-shared", "-fuse-ld=lld", "-fvisibility=hidden", "-ffp-contract=off",
            "-I", Path.Combine(ProjectFolder, "Kernels"), "-Wall", "-Werror", "-Wno-unknown-pragmas", "-o", target, source,
        ];
        using Process process = Process.Start(new ProcessStartInfo(FindCompiler()!, arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : said;
    }

    private static string FindProject()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PolaFormer.slnx")))
            folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder ?? throw new InvalidOperationException("The tests run inside the repository."), "src", "PolaFormer.Cuda");
    }
}
