using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using PolaFormer.Cuda.Driver;
using static PolaFormer.Cuda.Driver.DriverApi;

namespace PolaFormer.Cuda;

/// <summary>
/// The kernels on one GPU. A module, the PTX of one source file, is compiled by the driver when the first of its kernels is
/// asked for; the driver keeps the result on disk.
/// </summary>
internal sealed unsafe class KernelModules
{
    private const int PlainSharedBytes = 48 * 1024;
    private const string Oldest = "sm_80";

    private static readonly ConditionalWeakTable<Gpu, KernelModules> s_all = [];

    private readonly Gpu _gpu;
    private readonly string _target;
    private readonly Dictionary<string, nint> _modules = [];
    private readonly Dictionary<(string, string), nint> _functions = [];
    private readonly HashSet<nint> _large = [];
    private readonly Lock _lock = new();

    private KernelModules(Gpu gpu)
    {
        _gpu = gpu;
        // Code for 9.0a runs on 9.0 alone; code for 8.0 runs on all later ones.
        _target = gpu.Capability == 90 ? "sm_90a" : Oldest;
    }

    public static KernelModules Of(Gpu gpu) => s_all.GetValue(gpu, static g => new KernelModules(g));

    /// <summary>Names of the modules that are embedded.</summary>
    public static IEnumerable<string> Names =>
        from name in typeof(KernelModules).Assembly.GetManifestResourceNames()
        where name.EndsWith(Extension(Oldest), StringComparison.Ordinal)
        select name[..^Extension(Oldest).Length];

    /// <summary>The text of a module for a target; where it has none of its own, that for the oldest one with the target's name.</summary>
    public static string Text(string module, string target)
    {
        using Stream packed = Open(module, target) ?? Open(module, Oldest)
            ?? throw new InvalidOperationException($"No kernels {module} were built; run eng/build-ptx.sh.");
        using var text = new StreamReader(new GZipStream(packed, CompressionMode.Decompress), Encoding.ASCII);
        return text.ReadToEnd().Replace($".target {Oldest}\n", $".target {target}\n", StringComparison.Ordinal);
    }

    private static string Extension(string target) => $".{target}.ptx.gz";

    private static Stream? Open(string module, string target) => typeof(KernelModules).Assembly.GetManifestResourceStream(module + Extension(target));

    /// <summary>The handle of a kernel that may use so much shared memory.</summary>
    public nint Function(string module, string kernel, int sharedBytes)
    {
        lock (_lock)
        {
            if (!_functions.TryGetValue((module, kernel), out nint function))
            {
                fixed (byte* name = Encoding.ASCII.GetBytes(kernel + '\0'))
                    Check(cuModuleGetFunction(out function, Module(module), name), $"find the kernel {module}/{kernel}");
                _functions.Add((module, kernel), function);
            }

            if (sharedBytes > PlainSharedBytes && _large.Add(function))
                Check(cuFuncSetAttribute(function, FunctionAttribute.MostDynamicSharedBytes, _gpu.MostSharedBytes), $"give {kernel} more shared memory");
            return function;
        }
    }

    private nint Module(string name)
    {
        if (_modules.TryGetValue(name, out nint module))
            return module;
        byte[] log = new byte[8192];
        fixed (byte* text = Encoding.ASCII.GetBytes(Text(name, _target) + '\0'), messages = log)
        {
            const int ErrorLogBuffer = 5, ErrorLogBytes = 6;
            int* options = stackalloc int[] { ErrorLogBuffer, ErrorLogBytes };
            void** values = stackalloc void*[] { messages, (void*)log.Length };
            int result = cuModuleLoadDataEx(out module, text, 2, options, values);
            if (result != 0)
                throw new CudaException(result, $"compile its kernels {name}", Encoding.ASCII.GetString(log).TrimEnd('\0', '\n') is { Length: > 0 } said ? said : $"error {result}");
        }

        _modules.Add(name, module);
        return module;
    }
}
