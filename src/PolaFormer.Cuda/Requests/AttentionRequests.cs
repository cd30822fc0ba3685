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

    /// <summary>Floats that the kernels of an attention leave for its backward pass; null where they do not take it, or the GPU has too little shared memory for them.</summary>
    public static long? StateLength(Type call, in AttentionExtents extents, bool isMixed, int mostShared)
    {
        (int batch, int heads, int headDim, int queries, int keys, bool isMasked) = extents;
        StorageType type = isMixed ? StorageType.BFloat16 : StorageType.Float;
        if (call == typeof(PolarityAttention.Call) && PolarityProblem.Supports(type, headDim))
            return StateLength(new PolarityProblem(type, batch, heads, headDim, queries, keys, multiprocessors: 1), mostShared);
        if (call == typeof(PolarityAttentionPlusPlus.Call) && !isMasked && PolarityPlusPlusKernels.Supports(type, headDim))
            return StateLength(PolarityPlusPlusKernels.Problem(type, batch, heads, headDim, keys, multiprocessors: 1), mostShared);
        if (call == typeof(SoftmaxAttention.Call) && SoftmaxKernels.Supports(headDim))
            return SoftmaxKernels.StateFloats(batch, heads, queries);
        return null;
    }

    // The pass over the queries backwards takes the most.
    private static long? StateLength(in PolarityProblem problem, int mostShared) => problem.QueryGradientsShared <= mostShared ? problem.StateFloats : null;

    private static void Polarity(KernelContext context, PolarityAttention.Call call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.Key, call.NumHeads);
        var rows = new AttentionRowsOnDevice(context, problem.Type);
        PolarityArguments arguments = Arguments(rows, call.Query, call.Key, call.Value, call.Encoding, call.InverseScale, call.Exponent, call.Mask, call.State);
        arguments.Out = rows.Written(call.Y);
        PolarityKernels.Forward(context.Queue, problem, arguments, context.Workspace(problem.ForwardWorkspace));
        rows.Deliver();
    }

    private static void PolarityGradient(KernelContext context, PolarityAttention.BackwardCall call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.Key, call.NumHeads);
        var rows = new AttentionRowsOnDevice(context, problem.Type);
        PolarityArguments arguments = Arguments(rows, call.Query, call.Key, call.Value, call.Encoding, call.InverseScale, call.Exponent, call.Mask, call.State);
        (arguments.Out, arguments.DOut) = (rows.Read(call.Y!), rows.Read(call.Dy));
        (arguments.DQ, arguments.DK, arguments.DV) = (rows.Written(call.Dquery), rows.Written(call.Dkey), rows.Written(call.Dvalue));
        (arguments.DInverseScale, arguments.DPower) = (call.DinverseScale.Address, call.Dexponent.Address);
        PolarityKernels.Backward(context.Queue, problem, arguments, context.Workspace(problem.BackwardWorkspace));
        rows.Deliver();
    }

    private static PolarityProblem Problem(KernelContext context, Columns query, Columns key, int heads) => new(
        TypeOf(context, query, heads), query.Source.Shape[0], heads, query.Width / heads, query.Tokens, key.Tokens, context.Queue.Multiprocessors);

    // What is stored in bfloat16 is read as it is. In mixed precision, heads of more than 64 channels have kernels for that alone.
    private static StorageType TypeOf(KernelContext context, Columns query, int heads) =>
        query.Source.DType == DType.BFloat16 || (context.IsMixed && !PolarityProblem.Supports(context.Storage, query.Width / heads)) ? StorageType.BFloat16 : context.Storage;

    private static PolarityArguments Arguments(
        AttentionRowsOnDevice rows, Columns query, Columns key, Columns value, Tensor? encoding, Tensor inverseScale, Tensor exponent, Tensor? mask, Tensor state) => new()
        {
            Q = rows.Read(query),
            K = rows.Read(key),
            V = rows.Read(value),
            Position = encoding is null ? default : rows.Read(encoding.View(0, [1, key.Tokens, key.Width])) with { ImageStride = 0 },
            Mask = Addresses.Of(mask),
            InverseScale = inverseScale.Address,
            Power = exponent.Address,
            State = state.Address,
        };

    private static void PolarityPlusPlus(KernelContext context, PolarityAttentionPlusPlus.Call call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.NumHeads);
        var rows = new AttentionRowsOnDevice(context, problem.Type);
        PolarityPlusPlusArguments arguments = PlusPlusArguments(rows, call.Query, call.Key, call.Value, call.Same, call.Opposite, call.Sin, call.Cos, call.State);
        arguments.Out = rows.Written(call.Y);
        PolarityPlusPlusKernels.Forward(context.Queue, problem, arguments, context.Workspace(problem.ForwardWorkspace));
        rows.Deliver();
    }

    private static void PolarityPlusPlusGradient(KernelContext context, PolarityAttentionPlusPlus.BackwardCall call)
    {
        PolarityProblem problem = Problem(context, call.Query, call.NumHeads);
        var rows = new AttentionRowsOnDevice(context, problem.Type);
        PolarityPlusPlusArguments arguments = PlusPlusArguments(rows, call.Query, call.Key, call.Value, call.Same, call.Opposite, call.Sin, call.Cos, call.State);
        (arguments.Out, arguments.DOut) = (rows.Read(call.Y!), rows.Read(call.Dy));
        (arguments.DQ, arguments.DK, arguments.DV) = (rows.Written(call.Dquery), rows.Written(call.Dkey), rows.Written(call.Dvalue));
        (arguments.DSame, arguments.DOpposite) = (call.Dsame.Address, call.Dopposite.Address);
        PolarityPlusPlusKernels.Backward(context.Queue, problem, arguments, context.Workspace(problem.BackwardWorkspace));
        rows.Deliver();
    }

    private static PolarityProblem Problem(KernelContext context, Columns query, int heads) => PolarityPlusPlusKernels.Problem(
        TypeOf(context, query, heads), query.Source.Shape[0], heads, query.Width / heads, query.Tokens, context.Queue.Multiprocessors);

    private static PolarityPlusPlusArguments PlusPlusArguments(
        AttentionRowsOnDevice rows, Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, Tensor state) => new()
        {
            Q = rows.Read(query),
            K = rows.Read(key),
            V = rows.Read(value),
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
