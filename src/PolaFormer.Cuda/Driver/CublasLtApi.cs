using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Driver;

/// <summary>The functions of cuBLASLt that are called, for matrix products. The library is optional.</summary>
internal static unsafe partial class CublasLtApi
{
    private const string Library = "cublasLt";

    static CublasLtApi() => DriverApi.Prepare();

    /// <summary>Names under which versions of the library are installed, the newest first.</summary>
    internal static string[] FileNames { get; } = OperatingSystem.IsWindows()
        ? ["cublasLt64_13.dll", "cublasLt64_12.dll", "cublasLt64_11.dll"]
        : ["libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"];

    [LibraryImport(Library)] internal static partial int cublasLtCreate(out nint handle);
    [LibraryImport(Library)] internal static partial int cublasLtDestroy(nint handle);
    [LibraryImport(Library)] internal static partial nuint cublasLtGetVersion();
    [LibraryImport(Library)] internal static partial int cublasLtMatmulDescCreate(out nint description, int computeType, int scaleType);
    [LibraryImport(Library)] internal static partial int cublasLtMatmulDescSetAttribute(nint description, int attribute, void* value, nuint bytes);
    [LibraryImport(Library)] internal static partial int cublasLtMatmulDescDestroy(nint description);
    [LibraryImport(Library)] internal static partial int cublasLtMatrixLayoutCreate(out nint layout, int type, ulong rows, ulong columns, long leading);
    [LibraryImport(Library)] internal static partial int cublasLtMatrixLayoutSetAttribute(nint layout, int attribute, void* value, nuint bytes);
    [LibraryImport(Library)] internal static partial int cublasLtMatrixLayoutDestroy(nint layout);
    [LibraryImport(Library)] internal static partial int cublasLtMatmulPreferenceCreate(out nint preference);
    [LibraryImport(Library)] internal static partial int cublasLtMatmulPreferenceSetAttribute(nint preference, int attribute, void* value, nuint bytes);
    [LibraryImport(Library)] internal static partial int cublasLtMatmulPreferenceDestroy(nint preference);

    [LibraryImport(Library)]
    internal static partial int cublasLtMatmulAlgoGetHeuristic(
        nint handle, nint description, nint a, nint b, nint c, nint d, nint preference, int wanted, HeuristicResult* results, out int count);

    [LibraryImport(Library)]
    internal static partial int cublasLtMatmul(
        nint handle, nint description, void* alpha, nint a, nint aLayout, nint b, nint bLayout, void* beta, nint c, nint cLayout, nint d, nint dLayout,
        void* algorithm, nint workspace, nuint workspaceBytes, nint stream);

    /// <summary>An algorithm that the library recommends.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct HeuristicResult
    {
        /// <summary>The algorithm, opaque.</summary>
        public fixed ulong Algorithm[8];

        /// <summary>Workspace that it needs.</summary>
        public nuint WorkspaceBytes;

        /// <summary>0 if it can be used.</summary>
        public int State;

        /// <summary>How well it fills the GPU.</summary>
        public float Waves;

        private fixed int _reserved[4];
    }
}
