using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Driver;
using PolaFormer.Tensors;
using static PolaFormer.Cuda.Driver.CublasLtApi;

namespace PolaFormer.Cuda.Products;

/// <summary>
/// Matrix products by NVIDIA's cuBLASLt, where it is installed, with bias and activation in the same call. The algorithm that the
/// library recommends for a shape is asked for once. Its GELU is the tanh form, which differs from the networks' by up to 5·10⁻⁴, so
/// only bfloat16 takes it.
/// </summary>
internal sealed unsafe class CublasLt : IDisposable
{
    private const int Float32 = 0, BFloat16 = 14, ComputeFloat32 = 68, ComputeFloat32FromBFloat16 = 75, Transpose = 1;
    private const int TransposeA = 3, TransposeB = 4, Epilogue = 7, BiasPointer = 8, BiasType = 26;
    private const int EpilogueDefault = 1, EpilogueRelu = 2, EpilogueBias = 4, EpilogueGelu = 32, EpilogueSumsOfB = 512;
    private const int BatchCount = 5, BatchStride = 6, MostWorkspace = 1;
    private const int AlignmentA = 5, AlignmentB = 6, AlignmentC = 7, AlignmentD = 8;
    private const long WorkspaceBytes = 32L << 20;
    private const int MostBiases = 1 << 16;

    // Older ones can read memory that is not theirs with the sums of an operand's rows.
    private const int OldestWithSums = 120_000;

    // What the library takes for granted unless told.
    private const int AssumedAlignment = 256;

    private readonly GpuStream _stream;
    private readonly GpuMemory _workspace, _bias;
    private readonly Dictionary<Key, Plan?> _plans = [];
    private nint _handle;

    private CublasLt(GpuStream stream)
    {
        _stream = stream;
        stream.Gpu.Bind();
        Check(cublasLtCreate(out _handle), "start");
        _workspace = stream.Allocate(WorkspaceBytes);
        _bias = stream.Allocate(2 * MostBiases);
    }

    /// <summary>Whether the library is installed.</summary>
    public static bool IsInstalled => NativeLibraries.TryLoad(FileNames, out _);

    /// <summary>The library on a stream, or null where it is not installed.</summary>
    public static CublasLt? TryOpen(GpuStream stream) => IsInstalled ? new CublasLt(stream) : null;

    /// <summary>Whether the library has the epilogue of a product.</summary>
    public static bool Supports(in ProductShape shape, bool hasAddend) => shape.M > 0 && shape.N > 0 && shape.K > 0 && shape.Batch > 0
        && (!shape.SumsRows || (shape.Type == StorageType.BFloat16 && shape.Batch == 1 && shape.Activation == Activation.None && !hasAddend))
        && shape.Activation switch
        {
            Activation.None => true,
            Activation.Relu => !hasAddend,
            Activation.Gelu => !hasAddend && shape.Result == StorageType.BFloat16,
            _ => false,
        };

    /// <summary>
    /// Runs a product and says whether it could. The bias (or the sums of rows), floats, one a column, or 0, is rounded where y is bfloat16, as the library
    /// wants it; the addend, or 0, lies as y does.
    /// </summary>
    public bool TryRun(in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, in MatrixOnDevice y)
    {
        bool isRounded = bias != 0 && shape.Result == StorageType.BFloat16;
        if (!Supports(shape, addend != 0) || (isRounded && shape.N > MostBiases) || (shape.SumsRows && cublasLtGetVersion() < OldestWithSums))
            return false;
        _stream.Gpu.Bind();
        (int A, int B, int Addend, int Y) alignment = (Alignment(a.Address), Alignment(b.Address), Alignment(addend), Alignment(y.Address));
        var key = new Key(shape with { Scale = 1 }, a with { Address = 0 }, b with { Address = 0 }, y with { Address = 0 }, alignment, bias != 0, addend != 0);
        if (!_plans.TryGetValue(key, out Plan? plan))
            _plans.Add(key, plan = Plan.TryMake(_handle, key));
        if (plan is not null && isRounded)
        {
            ElementwiseKernels.Convert(_stream, StorageType.Float, bias, _bias.Address, shape.N);
            bias = _bias.Address;
        }

        plan?.Run(_handle, shape.Scale, a.Address, b.Address, bias, addend, y.Address, _workspace.Address, _stream.Handle);
        return plan is not null;
    }

    /// <summary>Gives everything back.</summary>
    public void Dispose()
    {
        nint handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0)
            return;
        foreach (Plan? plan in _plans.Values)
            plan?.Dispose();
        _workspace.Dispose();
        _bias.Dispose();
        cublasLtDestroy(handle);
    }

    /// <summary>Bytes that an address is a multiple of, as far as the library asks.</summary>
    internal static int Alignment(nint address) => (int)Math.Min(AssumedAlignment, address & -address) is > 0 and int bytes ? bytes : AssumedAlignment;

    private static void Check(int status, string action)
    {
        if (status != 0)
            throw new CudaException($"cuBLASLt could not {action}: status {status}.");
    }

    private readonly record struct Key(
        ProductShape Shape, MatrixOnDevice A, MatrixOnDevice B, MatrixOnDevice Y, (int A, int B, int Addend, int Y) Alignment, bool HasBias, bool HasAddend);

    /// <summary>
    /// What the library wants to know of a product, and the algorithm that it chose. It knows columns where we have rows, so that
    /// it is asked for yᵀ = bᵀ·aᵀ.
    /// </summary>
    private sealed class Plan : IDisposable
    {
        private readonly nint _description, _left, _right, _result;
        private readonly bool _hasAddend;
        private readonly bool _isKnown;
        private HeuristicResult _algorithm;

        /// <summary>Null where the library has no algorithm for a product.</summary>
        public static Plan? TryMake(nint handle, in Key key)
        {
            var plan = new Plan(handle, key);
            if (plan._isKnown)
                return plan;
            plan.Dispose();
            return null;
        }

        private Plan(nint handle, in Key key)
        {
            ProductShape shape = key.Shape;
            _hasAddend = key.HasAddend;
            int type = TypeOf(shape.Type), result = TypeOf(shape.Result);
            Check(cublasLtMatmulDescCreate(out _description, shape.IsMixed ? ComputeFloat32FromBFloat16 : ComputeFloat32, Float32), "describe a product");
            int epilogue = shape.Activation switch { Activation.Relu => EpilogueRelu, Activation.Gelu => EpilogueGelu, _ => EpilogueDefault };
            if (shape.SumsRows)
                epilogue = EpilogueSumsOfB;
            else if (key.HasBias)
                epilogue = epilogue == EpilogueDefault ? EpilogueBias : epilogue | EpilogueBias;
            Set(Epilogue, epilogue);
            if (key.HasBias)
                Set(BiasType, result);
            _left = Operand(key.B, shape.N, shape.K, TransposeA);
            _right = Operand(key.A, shape.K, shape.M, TransposeB);
            _result = Layout(result, shape.N, shape.M, key.Y.RowStride, key.Y.BatchStride);

            Check(cublasLtMatmulPreferenceCreate(out nint preference), "take a preference");
            long most = WorkspaceBytes;
            Check(cublasLtMatmulPreferenceSetAttribute(preference, MostWorkspace, &most, sizeof(long)), "take a preference");
            // The library's operand A is our b.
            (int a, int b, int addend, int y) = key.Alignment;
            foreach ((int attribute, int bytes) in (ReadOnlySpan<(int, int)>)[(AlignmentA, b), (AlignmentB, a), (AlignmentC, key.HasAddend ? addend : y), (AlignmentD, y)])
                Check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &bytes, sizeof(int)), "take a preference");
            fixed (HeuristicResult* results = &_algorithm)
            {
                int status = cublasLtMatmulAlgoGetHeuristic(handle, _description, _left, _right, _result, _result, preference, 1, results, out int count);
                _isKnown = status == 0 && count > 0;
            }

            cublasLtMatmulPreferenceDestroy(preference);

            // An operand with columns (of the library) that are our rows needs no transposition. Of a single column it does not
            // matter how far the next one is, but the library wants room between them.
            nint Operand(in MatrixOnDevice matrix, int rows, int columns, int attribute)
            {
                if (matrix.ColumnStride == 1)
                    return Layout(type, rows, columns, Math.Max(matrix.RowStride, rows), matrix.BatchStride);
                Set(attribute, Transpose);
                return Layout(type, columns, rows, Math.Max(matrix.ColumnStride, columns), matrix.BatchStride);
            }

            nint Layout(int elements, int rows, int columns, long leading, long batchStride)
            {
                Check(cublasLtMatrixLayoutCreate(out nint layout, elements, (ulong)rows, (ulong)columns, leading), "describe a matrix");
                int batch = shape.Batch;
                Check(cublasLtMatrixLayoutSetAttribute(layout, BatchCount, &batch, sizeof(int)), "describe a batch");
                Check(cublasLtMatrixLayoutSetAttribute(layout, BatchStride, &batchStride, sizeof(long)), "describe a batch");
                return layout;
            }
        }

        public void Run(nint handle, float scale, nint a, nint b, nint bias, nint addend, nint y, nint workspace, nint stream)
        {
            if (bias != 0)
                Check(cublasLtMatmulDescSetAttribute(_description, BiasPointer, &bias, (nuint)sizeof(nint)), "take a bias");
            float keep = _hasAddend ? 1 : 0;
            fixed (ulong* algorithm = _algorithm.Algorithm)
            {
                Check(
                    cublasLtMatmul(
                        handle, _description, &scale, b, _left, a, _right, &keep, _hasAddend ? addend : y, _result, y, _result, algorithm, workspace, _algorithm.WorkspaceBytes, stream),
                    "run a product");
            }
        }

        public void Dispose()
        {
            cublasLtMatrixLayoutDestroy(_left);
            cublasLtMatrixLayoutDestroy(_right);
            cublasLtMatrixLayoutDestroy(_result);
            cublasLtMatmulDescDestroy(_description);
        }

        private static int TypeOf(StorageType type) => type == StorageType.Float ? Float32 : BFloat16;

        private void Set(int attribute, int value) =>
            Check(cublasLtMatmulDescSetAttribute(_description, attribute, &value, sizeof(int)), "describe a product");
    }
}
