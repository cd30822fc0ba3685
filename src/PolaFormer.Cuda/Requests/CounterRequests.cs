using PolaFormer.Cuda.Core;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Cuda.Requests;

/// <summary>Requests that make numbers of positions: in a row, random, angles; and counters.</summary>
internal static class CounterRequests
{
    public static void AddTo(RequestTable table)
    {
        table.Add<Arange>((context, call) => CounterKernels.Arange(context.Queue, call.Y.Address, call.Start, call.Step, call.Y.Count));
        table.Add<Increment>((context, call) => CounterKernels.Increment(context.Queue, call.Y.Address, call.Value, call.Y.Count));
        table.Add<RotaryTables.Call>((context, call) => CounterKernels.RotaryTables(
            context.Queue, call.Angle.Address, call.Angle.Shape[0], call.Height, call.Width, call.Sin.Address, call.Cos.Address));
        table.Add<RandomFill>((context, call) =>
        {
            if (call.IsNormal)
                RandomKernels.Normal(context.Queue, StorageType.Float, context.Generator(call.Random), call.Y.Address, call.Y.Count, call.Scale, call.Offset);
            else
                RandomKernels.Uniform(context.Queue, StorageType.Float, context.Generator(call.Random), call.Y.Address, call.Y.Count, call.Scale, call.Offset);
        });
    }
}
