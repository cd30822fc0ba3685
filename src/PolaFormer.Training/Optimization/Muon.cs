using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Muon (Jordan et al. 2024): the momentum of a matrix is replaced by the nearest matrix with orthonormal rows or columns, so
/// that every direction learns at one pace. u ← momentum·u + g; O ← orthogonal(g + momentum·u);
/// w ← w·(1 − lr·decay) − lr·0.2·√max(rows, columns)·O, whose elements then have the size of AdamW's updates, so that its
/// learning rates serve (Liu et al. 2025, arXiv 2502.16982, section 2.2). Everything that is no matrix of at least
/// <see cref="SmallestSide"/> rows and columns is left to AdamW. Convolutions (out, in, k, k) count as matrices of out rows.
/// On the processor, several workers update a share of the matrices each; on a GPU the products take less time than the messages.
/// </summary>
/// <param name="groups">What to update.</param>
/// <param name="momentum">Decay of the velocity u, in [0, 1).</param>
/// <param name="beta1">Decay of AdamW's first moment, in [0, 1).</param>
/// <param name="beta2">Decay of AdamW's second moment, in [0, 1).</param>
/// <param name="eps">Added to the root of AdamW's second moment.</param>
public sealed class Muon(IEnumerable<ParameterGroup> groups, double momentum = 0.95, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8) : Optimizer(groups)
{
    /// <summary>Matrices with fewer rows or columns, such as depthwise kernels and a head of ten classes, are left to AdamW.</summary>
    public const int SmallestSide = 16;

    // Jordan's quintic: five rounds bring singular values from [10⁻³, 1] to about [0.7, 1.2], which serves as well as 1.
    private const int Rounds = 5;
    private const float A = 3.4445f, B = -4.7750f, C = 2.0315f;
    private const float TinyNorm = 1e-7f;

    // What an element costs beside the products, in multiplications: it is passed over several times in a round.
    private const double CostOfElement = 100;

    private readonly List<AdamWEntry> _entries = [];
    private SharedUpdates? _shared;

    /// <inheritdoc/>
    public override TimeSpan ExchangeTime => _shared?.ExchangeTime ?? TimeSpan.Zero;

    /// <summary>
    /// The rows or columns, whichever are fewer, made nearly orthonormal by Newton–Schulz rounds
    /// X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X from X = matrix / ‖matrix‖: with U·S·Vᵀ the singular decomposition, about U·Vᵀ.
    /// </summary>
    /// <param name="matrix">(rows, columns).</param>
    public static Tensor Orthogonalize(Tensor matrix)
    {
        using var scope = MemoryScope.Enter();
        bool isTall = matrix.Shape[0] > matrix.Shape[1];
        Tensor norm = (matrix * matrix).Sum().Sqrt();
        Tensor x = (isTall ? matrix.Permute(1, 0) : matrix) * (norm + TinyNorm).Reciprocal();
        for (int round = 0; round < Rounds; round++)
        {
            Tensor gram = x.MatMul(x, transposeB: true);
            x = (x * A) + ((gram * B) + (gram.MatMul(gram) * C)).MatMul(x);
        }

        return scope.Return(isTall ? x.Permute(1, 0) : x);
    }

    /// <inheritdoc/>
    public override void ExchangeState() => _shared?.ExchangeState();

    /// <inheritdoc/>
    protected override int RatesPerParameter => AdamWStep.RateCount;

    private AdamWStep Current => new(beta1, beta2, eps, StepCount);

    /// <inheritdoc/>
    protected override (string Name, Tensor Tensor)[] StateOf(Parameter parameter) => IsMatrix(parameter)
        ? [("momentum_buffer", Tensor.Zeros(parameter.Shape, parameter.Device))]
        : OptimizedParameter.MomentsOf(parameter);

    /// <inheritdoc/>
    protected override void WriteRates(OptimizedParameter parameter, double learningRate, Span<float> rates)
    {
        double rate = parameter.LearningRate(learningRate);
        if (!IsMatrix(parameter.Parameter))
        {
            Current.WriteRates(rate, parameter.Group.WeightDecay, rates);
            return;
        }

        (double keep, double take) = FactorsOf(parameter, rate);
        (rates[0], rates[1]) = ((float)keep, (float)take);
    }

    /// <inheritdoc/>
    protected override void Update(ReadOnlySpan<OptimizedParameter> parameters, double learningRate)
    {
        _entries.Clear();
        _shared ??= Share();
        foreach (OptimizedParameter parameter in parameters)
        {
            if (!IsMatrix(parameter.Parameter))
                _entries.Add(parameter.ForAdamW(learningRate));
            else if (_shared?.IsOwn(parameter) ?? true)
                Update(parameter, parameter.LearningRate(learningRate));
        }

        MultiTensor.AdamW(_entries, Current);
        _shared?.Exchange();
    }

    private SharedUpdates? Share()
    {
        OptimizedParameter[] matrices = [.. Parameters.Where(parameter => IsMatrix(parameter.Parameter))];
        return Workers.Size > 1 && matrices.All(matrix => !matrix.Parameter.Device.IsAsynchronous) ? new SharedUpdates(Workers, matrices, matrix => CostOf(matrix.Parameter)) : null;
    }

    // Multiplications of a round and what passes over the elements beside them.
    internal static double CostOf(Parameter matrix)
    {
        double rows = matrix.Shape[0], columns = matrix.Count / rows, side = Math.Min(rows, columns);
        return (side * ((2 * rows * columns) + (side * side))) + (CostOfElement * rows * columns);
    }

    // Of the weights and of the direction.
    private static (double Keep, double Take) FactorsOf(OptimizedParameter matrix, double learningRate)
    {
        int rows = matrix.Parameter.Shape[0];
        return (1 - (learningRate * matrix.Group.WeightDecay), -learningRate * 0.2 * Math.Sqrt(Math.Max(rows, matrix.Parameter.Count / rows)));
    }

    private void Update(OptimizedParameter matrix, double learningRate)
    {
        using var scope = MemoryScope.Enter();
        (Parameter parameter, Tensor gradient, Tensor velocity) = (matrix.Parameter, matrix.Parameter.Grad!, matrix.State[0].Tensor);
        int rows = parameter.Shape[0], columns = (int)(parameter.Count / rows);
        velocity.CopyFrom((velocity * (float)momentum) + gradient);
        Tensor direction = Orthogonalize(((velocity * (float)momentum) + gradient).Reshape(rows, columns));
        (double keep, double take) = FactorsOf(matrix, learningRate);
        MultiTensor.Combine([(parameter.Detach(), direction.Reshape(parameter.Shape))], keep, take, matrix.Rates);
    }

    internal static bool IsMatrix(Parameter parameter) =>
        parameter.Rank >= 2 && parameter.Shape[0] >= SmallestSide && parameter.Count / parameter.Shape[0] >= SmallestSide && parameter.Shape[1] > 1;
}
