using PolaFormer.Cuda.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests of fused attention.</summary>
internal static class AttentionRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<PolarityAttention.Call>(Polarity);
        table.Add<PolarityAttention.BackwardCall>(PolarityGradient);
        table.Add<PolarityAttentionPlusPlus.Call>(PolarityPlusPlus);
        table.Add<PolarityAttentionPlusPlus.BackwardCall>(PolarityPlusPlusGradient);
        table.Add<SoftmaxAttention.Call>((context, call) => SoftmaxKernels.Forward(
            context.Queue, context.Storage, Arguments(context, call.Query, call.Key, call.Value, call.NumHeads, call.Scale, call.Bias, call.Mask, call.Drop, call.Y, call.State)));
        table.Add<SoftmaxAttention.BackwardCall>(SoftmaxGradient);
    }

    /// <summary>Floats that the kernels of an attention leave for its backward pass; null where they do not take it.</summary>
    public static long? StateLength(Type call, in AttentionExtents extents)
    {
        (int batch, int heads, int headDim, int queries, int keys, bool isMasked) = extents;
        if (call == typeof(PolarityAttention.Call) && PolarityProblem.Supports(StorageType.Float, headDim))
            return new PolarityProblem(StorageType.Float, batch, heads, headDim, queries, keys, multiprocessors: 1).StateFloats;
        if (call == typeof(PolarityAttentionPlusPlus.Call) && !isMasked && PolarityPlusPlusKernels.Supports(headDim))
            return PolarityPlusPlusKernels.Problem(StorageType.Float, batch, heads, headDim, keys, multiprocessors: 1).StateFloats;
        if (call == typeof(SoftmaxAttention.Call) && SoftmaxKernels.Supports(headDim))
            return SoftmaxKernels.StateFloats(batch, heads, queries);
        return null;
    }

    private static void Polarity(KernelContext context, PolarityAttention.Call call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.Key, call.NumHeads);
        PolarityArguments arguments = Arguments(call.Query, call.Key, call.Value, call.Encoding, call.InverseScale, call.Exponent, call.Mask, call.Y, call.State);
        PolarityKernels.Forward(context.Queue, problem, arguments, context.Workspace(problem.ForwardWorkspace));
    }

    private static void PolarityGradient(KernelContext context, PolarityAttention.BackwardCall call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.Key, call.NumHeads);
        PolarityArguments arguments = Arguments(call.Query, call.Key, call.Value, call.Encoding, call.InverseScale, call.Exponent, call.Mask, call.Y!, call.State);
        arguments.DOut = Rows(call.Dy);
        (arguments.DQ, arguments.DK, arguments.DV) = (Rows(call.Dquery), Rows(call.Dkey), Rows(call.Dvalue));
        (arguments.DInverseScale, arguments.DPower) = (call.DinverseScale.Address, call.Dexponent.Address);
        PolarityKernels.Backward(context.Queue, problem, arguments, context.Workspace(problem.BackwardWorkspace));
    }

    private static PolarityProblem Problem(KernelContext context, Columns query, Columns key, int heads) => new(
        context.Storage, query.Source.Shape[0], heads, query.Width / heads, query.Tokens, key.Tokens, context.Queue.Multiprocessors);

    private static PolarityArguments Arguments(
        Columns query, Columns key, Columns value, Tensor? encoding, Tensor inverseScale, Tensor exponent, Tensor? mask, Tensor y, Tensor state) => new()
        {
            Q = Rows(query),
            K = Rows(key),
            V = Rows(value),
            Position = encoding is null ? default : new RowsOnDevice(encoding.Address, key.Width, 0),
            Out = Rows(y),
            Mask = Addresses.Of(mask),
            InverseScale = inverseScale.Address,
            Power = exponent.Address,
            State = state.Address,
        };

    private static void PolarityPlusPlus(KernelContext context, PolarityAttentionPlusPlus.Call call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.NumHeads);
        PolarityPlusPlusArguments arguments = PlusPlusArguments(call.Query, call.Key, call.Value, call.Same, call.Opposite, call.Sin, call.Cos, call.Y, call.State);
        PolarityPlusPlusKernels.Forward(context.Queue, problem, arguments, context.Workspace(problem.ForwardWorkspace));
    }

    private static void PolarityPlusPlusGradient(KernelContext context, PolarityAttentionPlusPlus.BackwardCall call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.NumHeads);
        PolarityPlusPlusArguments arguments = PlusPlusArguments(call.Query, call.Key, call.Value, call.Same, call.Opposite, call.Sin, call.Cos, call.Y!, call.State);
        arguments.DOut = Rows(call.Dy);
        (arguments.DQ, arguments.DK, arguments.DV) = (Rows(call.Dquery), Rows(call.Dkey), Rows(call.Dvalue));
        (arguments.DSame, arguments.DOpposite) = (call.Dsame.Address, call.Dopposite.Address);
        PolarityPlusPlusKernels.Backward(context.Queue, problem, arguments, context.Workspace(problem.BackwardWorkspace));
    }

    private static PolarityProblem Problem(KernelContext context, Columns query, int heads) => PolarityPlusPlusKernels.Problem(
        context.Storage, query.Source.Shape[0], heads, query.Width / heads, query.Tokens, context.Queue.Multiprocessors);

    private static PolarityPlusPlusArguments PlusPlusArguments(
        Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, Tensor y, Tensor state) => new()
        {
            Q = Rows(query),
            K = Rows(key),
            V = Rows(value),
            Out = Rows(y),
            Same = same.Address,
            Opposite = opposite.Address,
            Sin = sin.Address,
            Cos = cos.Address,
            State = state.Address,
        };

    private static void SoftmaxGradient(KernelContext context, SoftmaxAttention.BackwardCall call)
    {
        SoftmaxArguments arguments = Arguments(
            context, call.Query, call.Key, call.Value, call.NumHeads, call.Scale, call.Bias, call.Mask, call.Drop, call.Y, call.State) with
        {
            DOut = Rows(call.Dy),
            DQ = Rows(call.Dquery),
            DK = Rows(call.Dkey),
            DV = Rows(call.Dvalue),
            DBias = Addresses.Of(call.Dbias),
        };
        SoftmaxKernels.Backward(context.Queue, context.Storage, arguments, context.Workspace(SoftmaxKernels.BackwardWorkspace(arguments)));
    }

    private static SoftmaxArguments Arguments(
        KernelContext context, Columns query, Columns key, Columns value, int heads, float scale, Tensor? bias, Tensor? mask,
        (float Probability, Philox Generator) drop, Tensor y, Tensor state) => new()
        {
            Q = Rows(query),
            K = Rows(key),
            V = Rows(value),
            Out = Rows(y),
            Bias = Addresses.Of(bias),
            Mask = Addresses.Of(mask),
            State = state.Address,
            Batch = query.Source.Shape[0],
            Heads = heads,
            HeadDim = query.Width / heads,
            Queries = query.Tokens,
            Keys = key.Tokens,
            MaskGroups = mask?.Shape[0] ?? 1,
            MaskRows = mask?.Shape[1] ?? 1,
            Scale = scale,
            Drop = drop.Probability,
            Generator = context.Generator(drop.Generator),
        };

    private static RowsOnDevice Rows(Columns x) => new(x.Address, x.RowStride, (long)x.Tokens * x.RowStride);
}
